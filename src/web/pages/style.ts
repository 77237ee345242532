/** The one stylesheet of all pages. */
export const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #6a737d; --good: #1a7f37; --bad: #cf222e; --link: #0969da }
@media (prefers-color-scheme: dark) {
  :root { --soft: #9198a1; --good: #3fb950; --bad: #ff7b72; --link: #58a6ff }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.25rem; margin: 0 0 .25rem } h2 { font-size: 1rem; margin: 1.5rem 0 .25rem } p { margin: .4rem 0 }
a { color: var(--link) }
nav { display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding-bottom: .5rem; margin-bottom: 1rem;
  border-bottom: 1px solid var(--line) }
nav a { text-decoration: none; padding: .2rem 0 } nav a[aria-current=page] { color: inherit; font-weight: 600 }
nav form { margin-left: auto } nav .end { margin-left: auto }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0 } .facts div { white-space: nowrap }
dt { display: inline; color: var(--soft) } dd { display: inline; margin: 0 0 0 .35em; font-weight: 600 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 400 } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.good { color: var(--good) } .bad { color: var(--bad) } .soft, footer { color: var(--soft) }
form.row { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: 0 }
input, select, button { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line); border-radius: .3rem;
  max-width: 100%; box-sizing: border-box }
input[type=number] { width: 8rem } input.short { width: 6rem } input.long { width: 24rem } button { cursor: pointer }
label { display: inline-flex; gap: .35rem; align-items: center }
button.plain { border: 0; background: none; color: var(--link); padding: .2rem 0 }
.setting { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line) }
.setting div { flex: 1 1 20rem }
.said { padding: .4rem .75rem; border-left: 3px solid var(--good) } .said.bad { border-color: var(--bad) }
@media (max-width: 40rem) { body { padding: .75rem } td, th { padding-right: .5rem } }
`;
