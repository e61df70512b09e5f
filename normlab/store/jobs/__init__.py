"""Jobs in the database: the queue, leases, reports, endings."""
