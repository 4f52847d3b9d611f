"""Those who call a Toggle, real or mock: simulated Rodents, a sample agent, replayed recordings."""
