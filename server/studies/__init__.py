"""Studies, series and instances: the index, its owners and its grants."""
