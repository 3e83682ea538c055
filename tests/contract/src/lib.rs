//! What a server of the machine API must do: cases that run against the simulator, or against any server by address.
