"""Files on their way in, piece by piece: tus 1.0, so that what broke off goes on where it was."""
