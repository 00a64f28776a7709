using Microsoft.Extensions.FileProviders;

namespace Dapr.Voice.Signaling.Page;

/// <summary>Serves the folder <c>web/</c>.</summary>
internal static class WebPage
{
    private const string Index = "index.html";
    private const int LevelsUp = 7;

    // The page loads only from 'self'. It may call any http origin, because ?server= names one. The vendored bundle asks once whether it
    // may compile code at run time, and works without that.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self' http: "
        + "https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static IServiceCollection AddWebPage(this IServiceCollection services) => services.AddResponseCompression(compression =>
    {
        compression.EnableForHttps = true;
        compression.MimeTypes = ["text/html", "text/css", "text/javascript", "image/svg+xml"];
    });

    public static void UseWebPage(this WebApplication app)
    {
        SignalingOptions options = app.Services.GetRequiredService<SignalingOptions>();
        if (options.WebRoot is "none") return;
        string folder = Path.GetFullPath(
            options.WebRoot is { Length: > 0 } configured ? configured : Find() ?? Path.Combine(AppContext.BaseDirectory, "web"));
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(WebPage).FullName!);
        if (!File.Exists(Path.Combine(folder, Index)))
        {
            SignalingLog.PageMissing(logger, folder);
            return;
        }
        // The client bundle has 6 MB, and 2 MB when compressed. Only the page is compressed, which the media types above see to: answers of
        // the API hold keys, and a key must not share a compressed stream with text that a caller sent.
        app.UseResponseCompression();
        var files = new PhysicalFileProvider(folder);
        app.Lifetime.ApplicationStopped.Register(files.Dispose);
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files, DefaultFileNames = [Index] });
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = files,
            OnPrepareResponse = response =>
            {
                IHeaderDictionary headers = response.Context.Response.Headers;
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers["Referrer-Policy"] = "no-referrer";
                headers["Permissions-Policy"] = "microphone=(self), camera=()";
                // Files carry ETags. A new version is used at once, and an unchanged file costs an answer with status 304.
                headers.CacheControl = "no-cache";
            },
        });
        SignalingLog.PageServed(logger, folder);
    }

    /// <summary>The folder is beside the binaries of a published service. For a build it is in the repository.</summary>
    private static string? Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        for (int level = 0; folder is not null && level <= LevelsUp; level++, folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "web");
            if (File.Exists(Path.Combine(candidate, Index))) return candidate;
        }
        return null;
    }
}
