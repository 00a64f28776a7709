using System.Buffers.Binary;
using System.Text;
using Dapr.Voice.Relay;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Tests.Unit.Steering;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>Packets of clients, made with the keys of <see cref="SteeringKeys"/>.</summary>
internal static class RelayPackets
{
    public static readonly HintKeyRing HintKeys = SteeringKeys.HintRing(1);
    public static readonly KeyRing PasswordKeys = SteeringKeys.Ring(1);

    public static readonly RelayKeys Keys = new(HintKeys, PasswordKeys, SteeringKeys.LinkKey());

    public static RoutingHint Hint(ulong session, ushort slot = 3, byte region = 0, uint expiry = 1000)
        => new(1, region, slot, new SessionId(session), 0, expiry);

    public static byte[] Check(RoutingHint hint) => Check(hint.Encode(HintKeys));

    public static byte[] Check(string ufrag, string? password = null)
    {
        byte[] buffer = new byte[300];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(ufrag + ":peer"));
        writer.AddMessageIntegrity(Encoding.ASCII.GetBytes(
            password ?? (ufrag.Length == 39 ? IcePassword.Derive(PasswordKeys, ufrag) : "none")));
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    public static byte[] Rtp(uint ssrc, int payload = 60)
    {
        byte[] packet = new byte[12 + payload];
        packet[0] = 0x80;
        packet[1] = 111;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        return packet;
    }
}
