"""How long all pages of a knowledge base take when nothing is known of them: from records to tables, from tables to pages.

    python tests/benchmarks/projection.py KB

Reads the knowledge base only; the tables are made in a temporary folder. Tells CPU seconds.
"""

import sys
import tempfile
import time
from pathlib import Path

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.queries import RecordCorpus
from gitkb.catalog.record_tables import RECORDS
from gitkb.store.repository import Store
from gitkb.wiki.projection import project


def main() -> None:
    tip = Store.open(Path(sys.argv[1])).snapshot()
    with tempfile.TemporaryDirectory() as name:
        started = time.process_time()
        with Catalog(Path(name) / "catalog.sqlite").at(tip, RECORDS) as db:
            read = time.process_time()
            documents = len(RecordCorpus(db).documents())
            pages = project(RecordCorpus(db))
            done = time.process_time()
    print(f"{documents} records into tables: {read - started:.2f} s CPU")
    print(f"{len(pages.written)} pages from tables: {done - read:.2f} s CPU")
    print(f"of these {len(pages.differing(tip).paths)} differ from the tip's")


if __name__ == "__main__":
    main()
