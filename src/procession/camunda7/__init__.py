"""The dialect of Camunda 7: extensions, typed values, problems, and the API under `/engine-rest`."""
