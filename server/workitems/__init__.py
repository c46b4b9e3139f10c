"""UPS-RS: diagnosis requests as workitems (PS3.18 11, PS3.4 CC)."""
