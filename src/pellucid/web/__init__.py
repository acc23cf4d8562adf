"""What everything that answers a browser shares: who may ask, and what the answers may do."""
