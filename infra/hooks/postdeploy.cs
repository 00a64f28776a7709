#:project ../../tools/hooks/Dapr.Voice.Hooks.csproj
// After 'azd deploy': every other app gets the image of its service, shard by shard. azd runs this file with 'dotnet run'; README.md says
// what it does.
return await Dapr.Voice.Hooks.HookProgram.RunAsync("postdeploy");
