namespace Dapr.Voice.Relay.PacketPath;

/// <summary>What <see cref="FlowTable.TrySet"/> did, or why not.</summary>
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
