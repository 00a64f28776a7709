namespace Dapr.Voice.Steering;

/// <summary>Why bytes are no frame.</summary>
public enum LinkFrameError : byte
{
    None,
    TooShort,
    UnknownVersion,
    UnknownKind,
    /// <summary>The payload would end behind the datagram.</summary>
    BeyondDatagram,
}
