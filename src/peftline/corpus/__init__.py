"""From a source of rows to three splits of canonical examples."""
