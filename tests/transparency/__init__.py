"""What a transparency log is, held against the text of RFC 6962, known vectors, and other implementations."""
