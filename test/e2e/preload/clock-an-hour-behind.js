// A machine whose clock is an hour behind, as far as the program that loads this sees.
const now = Date.now.bind(Date);
Date.now = () => now() - 3_600_000;
