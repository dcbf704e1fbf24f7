"""Phantom Banking: a Django project whose wallet and security processes run on Camunda or on Procession."""
