namespace Dapr.Voice.Sdp;

/// <summary>An <c>a=</c> line: <c>name:value</c>, or a name alone (RFC 8866, section 5.13).</summary>
public readonly record struct SdpAttribute(string Name, string? Value = null)
{
    public override string ToString() => Value is null ? Name : $"{Name}:{Value}";
}
