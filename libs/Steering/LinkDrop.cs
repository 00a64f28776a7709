namespace Dapr.Voice.Steering;

/// <summary>Why one end of a link dropped a frame. The name of the member is the tag of the counter.</summary>
public enum LinkDrop : byte
{
    /// <summary>The bytes are not a frame, or the payload of a control frame does not match its kind.</summary>
    Malformed,
    /// <summary>The cookie belongs to no link that is up.</summary>
    UnknownCookie,
    /// <summary>The cookie is right, but the frame came from another address.</summary>
    WrongSource,
    /// <summary>A HELLO or WELCOME whose tag does not verify.</summary>
    ForgedHandshake,
    /// <summary>A WELCOME that answers no HELLO of ours. It is late or replayed.</summary>
    StaleHandshake,
    /// <summary>A kind that this end never receives.</summary>
    UnexpectedKind,
    /// <summary>A HELLO arrived while all link numbers were in use.</summary>
    TooManyLinks,
    /// <summary>A frame was to be sent over a link that was never up.</summary>
    NoLink,
    /// <summary>A control frame was to be sent, but too many already waited.</summary>
    QueueFull,
}
