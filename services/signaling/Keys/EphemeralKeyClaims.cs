using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Signaling.Http;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>The payload of an ephemeral key's JWT. Its bearer can read all of it, except what is sealed.</summary>
/// <param name="Iat">Unix seconds, like <paramref name="Exp"/>.</param>
/// <param name="Sealed">The session under <see cref="SessionSeal"/>, or null.</param>
internal sealed record EphemeralKeyClaims(
    string Iss, string Aud, long Iat, long Exp, string Jti, string Region, int MaxSessionSeconds, string? Agent = null,
    string? Sealed = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false, MaxDepth = RequestBody.MaximumDepth)]
[JsonSerializable(typeof(EphemeralKeyClaims))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class EphemeralKeyJson : JsonSerializerContext;
