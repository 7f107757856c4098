"""Processes that start at once: they are forked from one that has the slow imports behind it."""

import multiprocessing

warm_processes = multiprocessing.get_context("forkserver")
warm_processes.set_forkserver_preload(["sealink.ledger.ledger", "hypothesis", "pytest"])
