namespace Dapr.Voice.TestKit;

/// <summary>What is wrong with a <see cref="MemoryStateStore"/>, as our client of the sidecar sees it.</summary>
public enum StateFault
{
    None,
    /// <summary>Every write is answered with 409: somebody else was first. Reads work.</summary>
    Conflict,
    /// <summary>Every call is answered with 500.</summary>
    Error,
    /// <summary>What is read is no JSON of ours, and the answers to writes cannot be read.</summary>
    Garbage,
    /// <summary>The sidecar does not know the store, or rejects our token.</summary>
    Refused,
    /// <summary>No answer until the deadline, which is short here.</summary>
    Silent,
    /// <summary>Every answer comes late, but before the deadline.</summary>
    Slow,
}
