"""Pages of the workshop's day: appointments, the board, settlement and hand-over, whom to remind."""
