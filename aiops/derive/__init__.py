"""Counters, histograms and gauges → rates, ratios and quantiles; call `engine`, the rest serves it.

For sources that push. Of a source that is pulled, PromQL derives the same, and
`tests/e2e/test_derived_against_prometheus.py` compares the two.
"""
