namespace Dapr.Voice.Steering;

/// <summary>Why an end of a link threw a frame away. The word is the tag of the counter.</summary>
public enum LinkDrop : byte
{
    /// <summary>No frame, or a control frame whose payload is not what it says.</summary>
    Malformed,
    /// <summary>The cookie is not that of a living link.</summary>
    UnknownCookie,
    /// <summary>The cookie is right, the address is not the link's.</summary>
    WrongSource,
    /// <summary>A HELLO or WELCOME whose tag does not verify.</summary>
    ForgedHandshake,
    /// <summary>A WELCOME to no HELLO of ours: late, or replayed.</summary>
    StaleHandshake,
    /// <summary>A kind that this end never receives.</summary>
    UnexpectedKind,
    /// <summary>A HELLO while all link numbers are in use.</summary>
    TooManyLinks,
    /// <summary>A frame to send to a link that was never up.</summary>
    NoLink,
    /// <summary>A control frame to send, too many of them waiting.</summary>
    QueueFull,
}
