"""The protocol between nbrerun and the kernel: the types of requests and answers, and the wire."""
