using System.Text.Json;
using Dapr.Voice.DevSidecar.Apps;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary><c>/v1.0/secrets/…</c> of one app id.</summary>
internal sealed class SecretRoutes(AppSecrets secrets)
{
    public Task GetAsync(HttpContext context, string store, string key)
        => Responses.Json(context, 200, JsonSerializer.SerializeToUtf8Bytes(secrets.Get(store, key)));

    public Task BulkAsync(HttpContext context, string store)
        => Responses.Json(context, 200, JsonSerializer.SerializeToUtf8Bytes(secrets.All(store)));
}
