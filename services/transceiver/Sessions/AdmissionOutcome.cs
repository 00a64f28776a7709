namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The result of a request to take a session.</summary>
internal enum AdmissionOutcome
{
    Admitted,
    /// <summary>The session is here already.</summary>
    Exists,
    /// <summary>The slot belongs to another owner.</summary>
    NotOwner,
    /// <summary>The transceiver has as many sessions as it may, or takes none now.</summary>
    NoRoom,
    /// <summary>The record contradicts itself or is not for this fleet.</summary>
    BadRecord,
    /// <summary>The session has ended already.</summary>
    Ended,
}
