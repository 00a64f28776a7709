namespace Dapr.Voice.Steering;

/// <summary>Why bytes are not a frame.</summary>
public enum LinkFrameError : byte
{
    None,
    TooShort,
    UnknownVersion,
    UnknownKind,
    /// <summary>The payload would end after the datagram.</summary>
    BeyondDatagram,
}
