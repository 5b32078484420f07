"""HTTP servers on a thread of their own, whose requests have deadlines and whose connections are bounded."""
