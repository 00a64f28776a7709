// expect: resource-twice on id-voice
param location string = resourceGroup().location

module one 'part.bicep' = {
  params: { location: location }
}

module two 'part.bicep' = {
  params: { location: location }
}
