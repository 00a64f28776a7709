namespace Dapr.Voice.Sctp;

public enum DataChannelEventKind : byte
{
    /// <summary>The association is up.</summary>
    Connected,
    /// <summary>The peer began anew; channels stay open, as in browsers, but what was under way is lost.</summary>
    Restarted,
    /// <summary>By the peer, or by us and now acknowledged.</summary>
    ChannelOpened,
    /// <summary>The peer has reset the channel: nothing more comes on it. Our own side is being reset too.</summary>
    ChannelClosing,
    /// <summary>Both sides have reset it; the id may be used again.</summary>
    ChannelClosed,
    /// <summary>The association is over. The last event.</summary>
    AssociationClosed,
}

/// <param name="Channel">Set for the three channel events.</param>
/// <param name="Reason">Set for <see cref="DataChannelEventKind.AssociationClosed"/>.</param>
public readonly record struct DataChannelEvent(
    DataChannelEventKind Kind, DataChannel? Channel = null, SctpCloseReason Reason = SctpCloseReason.None);
