namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The result of a request to take a session, or to reserve a place for one.</summary>
internal enum AdmissionOutcome
{
    Admitted,
    /// <summary>The session is here already.</summary>
    Exists,
    /// <summary>The slot belongs to another owner.</summary>
    NotOwner,
    /// <summary>The transceiver has as many sessions as it may.</summary>
    NoRoom,
    /// <summary>The transceiver takes no sessions now: it is draining, or the state store is away.</summary>
    NotAdmitting,
    /// <summary>The record contradicts itself or is not for this fleet.</summary>
    BadRecord,
    /// <summary>The session has ended already.</summary>
    Ended,
}
