"""All finished runs of a root side by side: rows, intervals, paired tests, cost."""
