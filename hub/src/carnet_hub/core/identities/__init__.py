"""Who is who among customers: parties as they are compared, the clusters that follow, and what a site sees of one."""
