"""What travels between nbrerun and the kernel: the shapes of requests and answers, and how they are sent."""
