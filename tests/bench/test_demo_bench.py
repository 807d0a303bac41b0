"""How long the demo bank takes to make a million source customer records (make bench)."""

import resource
import sys
import time

from connectors.demo.generate import generate

PEOPLE = 450_000


def test_a_million_source_records_within_two_minutes(site_factory):
    site = site_factory(people=PEOPLE, organizations=PEOPLE // 20)
    begin, busy = time.perf_counter(), time.process_time()
    records = generate(site)["demo.truth"]
    seconds, processor = time.perf_counter() - begin, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    sys.stdout.write(
        f"\n{records:,} source customer records: {seconds:.1f} s, of it {processor:.1f} s processor time in this "
        f"process, peak {peak:.1f} GiB\n"
    )
    assert records >= 1_000_000
    assert seconds < 120
