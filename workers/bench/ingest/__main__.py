"""The processes of the benchmark beside its own: `python -m workers.bench.ingest NAME …`."""

import sys
from importlib import import_module

if __name__ == "__main__":
    import_module(f"workers.bench.ingest.{sys.argv[1]}").main(*sys.argv[2:])
