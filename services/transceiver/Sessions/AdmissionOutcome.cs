namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>What became of a session that someone wanted here.</summary>
internal enum AdmissionOutcome
{
    Admitted,
    /// <summary>It is here already.</summary>
    Exists,
    /// <summary>The slot belongs to someone else.</summary>
    NotOwner,
    /// <summary>As many sessions as we take, or we take none now.</summary>
    NoRoom,
    /// <summary>The record contradicts itself or is not for this fleet.</summary>
    BadRecord,
    /// <summary>It ended already.</summary>
    Ended,
}
