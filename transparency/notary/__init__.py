"""The one signer of a log: it reads what is durable, and signs what goes on from what it signed before."""
