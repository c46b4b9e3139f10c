"""What every capability stands on: settings, database, errors, HTTP, logging, clock, ids."""
