"""How the service fares: its dependencies are asked, each within bounds, and the answers make one."""
