"""Makes daily-closes.csv.gz from skfolio's wheel:

    pip download --no-deps skfolio==1.12.2 && python3 make-table.py skfolio-1.12.2-py3-none-any.whl

Deterministic: the same wheel gives the same bytes under the same zlib. Only rows are dropped; no figure is changed.
"""

import gzip
import hashlib
import io
import pathlib
import sys
import zipfile

WHEEL_SHA256 = "2d324c62a4188dc0b62a713f8d5cea177e208a5b45987e3d3f204dd56d3a669b"
MEMBER = "skfolio/datasets/data/sp500_dataset.csv.gz"
FIRST_DAY = "2005-01-03"

wheel = pathlib.Path(sys.argv[1]).read_bytes()
found = hashlib.sha256(wheel).hexdigest()
if found != WHEEL_SHA256:
    sys.exit(f"not the expected wheel: sha256 {found}, expected {WHEEL_SHA256}")

text = gzip.decompress(zipfile.ZipFile(io.BytesIO(wheel)).read(MEMBER)).decode()
header, *rows = text.split()
kept = [row for row in rows if row >= FIRST_DAY]
assert header.startswith("Date,AAPL,") and all("" not in row.split(",") for row in kept)

out = pathlib.Path(__file__).with_name("daily-closes.csv.gz")
out.write_bytes(gzip.compress("\n".join([header, *kept, ""]).encode(), 9, mtime=0))
print(f"{out.name}: {len(kept)} days, {kept[0][:10]}..{kept[-1][:10]}, {out.stat().st_size} bytes")
