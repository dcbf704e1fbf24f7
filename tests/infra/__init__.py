"""What is written for AWS and for containers, checked as far as it can be without either."""
