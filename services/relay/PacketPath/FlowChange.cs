namespace Dapr.Voice.Relay.PacketPath;

/// <summary>What <see cref="FlowTable.TrySet"/> did, or the reason why it did nothing.</summary>
internal enum FlowChange : byte
{
    Kept,
    Created,
    Moved,
    Contested,
    TableFull,
    PrefixLimit,
    SessionLimit,
    NewFlowRate,
}
