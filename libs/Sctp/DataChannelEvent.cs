namespace Dapr.Voice.Sctp;

public enum DataChannelEventKind : byte
{
    /// <summary>The association is established.</summary>
    Connected,
    /// <summary>The peer has restarted the association. As in browsers, channels stay open, but messages in transit are lost.</summary>
    Restarted,
    /// <summary>The peer has opened a channel, or has acknowledged a channel that we opened.</summary>
    ChannelOpened,
    /// <summary>The peer has reset the channel and sends nothing more on it. Our side is being reset, too.</summary>
    ChannelClosing,
    /// <summary>Both sides have reset the channel. Its id may be used again.</summary>
    ChannelClosed,
    /// <summary>The association has ended. This is the last event.</summary>
    AssociationClosed,
}

/// <param name="Channel">Set for the three channel events.</param>
/// <param name="Reason">Set for <see cref="DataChannelEventKind.AssociationClosed"/>.</param>
public readonly record struct DataChannelEvent(
    DataChannelEventKind Kind, DataChannel? Channel = null, SctpCloseReason Reason = SctpCloseReason.None);
