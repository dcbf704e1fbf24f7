"""The engine on both databases: deployments, correlation, calls, jobs, group commit, and the laws that hold for all of them."""
