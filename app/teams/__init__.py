"""Teams: per problem, with a captain and an invite code; one person is in one team of a problem."""
