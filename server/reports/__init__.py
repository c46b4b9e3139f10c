"""Reports: written at the county, signed under a policy, printed in the township."""
