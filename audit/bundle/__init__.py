"""A bundle holds everything that an audit needs, so that it can be made without a server and a network."""
