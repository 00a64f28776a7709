namespace Dapr.Voice.Sctp;

/// <summary>Chunk types (RFC 9260, section 3.2; RFC 6525 for RE-CONFIG; RFC 3758 for FORWARD-TSN).</summary>
internal enum ChunkType : byte
{
    Data = 0,
    Init = 1,
    InitAck = 2,
    Sack = 3,
    Heartbeat = 4,
    HeartbeatAck = 5,
    Abort = 6,
    Shutdown = 7,
    ShutdownAck = 8,
    Error = 9,
    CookieEcho = 10,
    CookieAck = 11,
    ShutdownComplete = 14,
    ReConfig = 130,
    ForwardTsn = 192,
}

/// <summary>Flag bits of a DATA chunk (RFC 9260, section 3.3.1).</summary>
[Flags]
internal enum DataFlags : byte
{
    None = 0,
    End = 1,
    Beginning = 2,
    Unordered = 4,
    /// <summary>The sender asks for a SACK without delay.</summary>
    Immediate = 8,
}

/// <summary>Parameters of INIT and INIT ACK (RFC 9260, section 3.3.2) and of RE-CONFIG (RFC 6525, section 4).</summary>
internal static class ParameterType
{
    public const ushort HeartbeatInfo = 1;
    public const ushort StateCookie = 7;
    public const ushort UnrecognizedParameter = 8;
    public const ushort OutgoingSsnReset = 13;
    public const ushort IncomingSsnReset = 14;
    public const ushort SsnTsnReset = 15;
    public const ushort ReconfigurationResponse = 16;
    public const ushort AddOutgoingStreams = 17;
    public const ushort AddIncomingStreams = 18;
    public const ushort SupportedExtensions = 0x8008;
    public const ushort ForwardTsnSupported = 0xC000;
}

/// <summary>Causes in ERROR and ABORT chunks (RFC 9260, section 3.3.10).</summary>
internal enum ErrorCause : ushort
{
    InvalidStreamIdentifier = 1,
    StaleCookie = 3,
    OutOfResource = 4,
    UnrecognizedChunkType = 6,
    NoUserData = 9,
    UserInitiatedAbort = 12,
    ProtocolViolation = 13,
}

/// <summary>Results of a stream reset (RFC 6525, section 4.4).</summary>
internal enum ReconfigurationResult : uint
{
    NothingToDo = 0,
    Performed = 1,
    Denied = 2,
    WrongSsn = 3,
    AlreadyInProgress = 4,
    BadSequenceNumber = 5,
    InProgress = 6,
}
