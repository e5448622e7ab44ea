/** The command line is wrong; the message is the one line that a person reads. */
export class CommandLineError extends Error {}
