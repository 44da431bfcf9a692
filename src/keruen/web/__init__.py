"""The what-if page: a server for this machine that keeps no state about who asks. A scenario is its address."""
