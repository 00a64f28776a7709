namespace Dapr.Voice.Transceiver.Ownership;

/// <summary>What became of a question to another transceiver.</summary>
internal enum PeerProbeOutcome : byte
{
    /// <summary>The process that was expected has answered.</summary>
    Alive,
    /// <summary>Another process has answered at that endpoint, so the one that was expected is dead.</summary>
    OtherProcess,
    /// <summary>Nobody listens at the port, so the process that was expected is dead.</summary>
    PortClosed,
    /// <summary>There was no answer. The process may be dead, stopped or out of reach.</summary>
    Silent,
}
