namespace Dapr.Voice.Stun;

/// <summary>
/// The twelve method bits of the message type. ICE needs only one method. Messages of other methods parse, so that a caller can count them.
/// </summary>
public enum StunMethod : ushort
{
    Binding = 0x001,
}
