const COLUMNS = ["symbol", "date", "open", "high", "low", "close", "adjclose", "volume", "dividend", "split"] as const;
type Column = (typeof COLUMNS)[number];

/** One column of a file without its empty cells: ascending midnights UTC and the values there. */
export type Series = { readonly daysMs: readonly number[]; readonly values: readonly number[] };

/** The prices of one symbol as a file has them; a column that the file leaves empty is an empty series. */
export type PriceFile = {
  readonly symbol: string;
  readonly rows: number;
  readonly first: string;
  readonly last: string;
  readonly high: Series;
  readonly close: Series;
  readonly adjclose: Series;
};

const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * Reads `symbol,date,open,high,low,close,adjclose,volume,dividend,split`: one symbol, ascending dates, empty cells
 * where the source has no value. Throws one Error that names the line and what is wrong with it.
 */
export function parsePriceFile(text: string): PriceFile {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const header = (lines[0] ?? "").split(",");
  const at = columnsOf(header);
  const rows = lines.slice(1).map((line, index) => {
    const cells = line.split(",");
    if (cells.length !== header.length) {
      throw new Error(`line ${index + 2} has ${cells.length} cells, the header ${header.length}`);
    }
    return cells;
  });
  const cell = (row: readonly string[], column: Column): string => row[at.get(column) ?? -1] ?? "";
  const daysMs = rows.map((row, index) => dayOf(cell(row, "date"), index + 2));
  const disorder = daysMs.findIndex((dayMs, index) => index > 0 && dayMs <= (daysMs[index - 1] ?? 0));
  if (disorder > 0) throw new Error(`line ${disorder + 2}: dates must ascend, each once`);
  const [firstRow, lastRow] = [rows[0], rows.at(-1)];
  if (firstRow === undefined || lastRow === undefined) throw new Error("there is no row below the header");
  const symbol = cell(firstRow, "symbol");
  const foreign = rows.findIndex((row) => cell(row, "symbol") !== symbol);
  if (foreign > 0) throw new Error(`line ${foreign + 2}: a second symbol; one file holds one`);
  const series = (column: Column): Series => {
    const kept = rows.map((row, index) => ({ text: cell(row, column), index })).filter(({ text }) => text !== "");
    return {
      daysMs: kept.map(({ index }) => daysMs[index] ?? Number.NaN),
      values: kept.map(({ text, index }) => priceOf(text, column, index + 2)),
    };
  };
  return {
    symbol,
    rows: rows.length,
    first: cell(firstRow, "date"),
    last: cell(lastRow, "date"),
    high: series("high"),
    close: series("close"),
    adjclose: series("adjclose"),
  };
}

function columnsOf(header: readonly string[]): ReadonlyMap<Column, number> {
  const found = new Map<Column, number>();
  for (const [index, name] of header.entries()) {
    const column = COLUMNS.find((known) => known === name);
    if (column === undefined) throw new Error(`unknown column "${name}"; known are ${COLUMNS.join(", ")}`);
    if (found.has(column)) throw new Error(`the column ${name} is there twice`);
    found.set(column, index);
  }
  if (!found.has("date")) throw new Error("the column date is missing");
  return found;
}

function dayOf(text: string, line: number): number {
  const dayMs = DAY.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 2021-02-31 for 3 March.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== text) {
    throw new Error(`line ${line}: date "${text}" is no day such as 2021-03-31`);
  }
  return dayMs;
}

function priceOf(text: string, column: Column, line: number): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new Error(`line ${line}: ${column} "${text}" is no positive number`);
  }
  return value;
}
