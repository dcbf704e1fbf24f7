"""What can be searched: one `Entity` a kind of thing, over the tables of what runs, has run and is deployed."""
